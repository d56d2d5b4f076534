// SPDX-License-Identifier: MIT
// Keeps the server's password, and the settings that Nexus starts OpenCode with, from its tools.
// OpenCode takes the password from its environment alone and hands that on to every child. By the time a plugin is
// loaded (before the first tool can run) it has made its own copy, so the variable can go: measured on 1.18.33,
// authorisation and the plugins' own client go on working. Each step stands alone: what fails leaves the others.

const PASSWORD = "OPENCODE_SERVER_PASSWORD"
const RESTORE = "OPENCODE_NEXUS_RESTORE"
const PR_SET_DUMPABLE = 4
const LIBRARIES = {
  linux: ["libc.so.6", "libc.musl-x86_64.so.1", "libc.musl-aarch64.so.1"],
  darwin: ["libSystem.B.dylib"],
}

// name -> the value it had before Nexus, or null when it had none
let before = {}
// a terminal is started with the original environment under the one that is given, so there each must be said
let terminal = {}

async function eraseOriginal() {
  // /proc/<pid>/environ shows the memory that the process was started with, whatever is deleted later
  const { dlopen, FFIType: t } = await import("bun:ffi")
  const linux = process.platform === "linux"
  const wanted = {
    getenv: { args: [t.cstring], returns: t.ptr },
    strlen: { args: [t.ptr], returns: t.u64 },
    memset: { args: [t.ptr, t.i32, t.u64], returns: t.ptr },
    ...(linux ? { prctl: { args: [t.i32, t.u64, t.u64, t.u64, t.u64], returns: t.i32 } } : {}),
  }
  for (const name of LIBRARIES[process.platform] ?? []) {
    let c
    try {
      c = dlopen(name, wanted).symbols
    } catch {
      continue
    }
    const place = c.getenv(Buffer.from(PASSWORD + "\0"))
    if (place) c.memset(place, 0x2e, c.strlen(place))
    // not dumpable: a program of the same user, unless it is root, may not look into this process any more
    if (linux) c.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
    return
  }
  throw new Error("no C library was found")
}

async function shield() {
  before = JSON.parse(process.env[RESTORE] ?? "{}")
  delete process.env[RESTORE]
  delete process.env[PASSWORD]
  if ("XDG_CONFIG_HOME" in before) {
    // OpenCode has read it; git, language servers and MCP servers should find the user's own folder
    const theirs = before.XDG_CONFIG_HOME
    delete before.XDG_CONFIG_HOME
    if (theirs === null) delete process.env.XDG_CONFIG_HOME
    else process.env.XDG_CONFIG_HOME = theirs
    terminal = { [PASSWORD]: "", [RESTORE]: "", XDG_CONFIG_HOME: theirs ?? process.env.HOME + "/.config" }
  }
  await eraseOriginal()
}

const done = shield().catch((error) => console.error("nexus-shield: " + error))

export const NexusShield = async () => {
  await done
  return {
    "shell.env": async (input, output) => {
      // empty counts as not set for npm and OpenCode; a variable cannot be taken away here
      if (PASSWORD in process.env) output.env[PASSWORD] = ""
      for (const [name, value] of Object.entries(before)) output.env[name] = value ?? ""
      if (!input.sessionID) Object.assign(output.env, terminal)
    },
  }
}
