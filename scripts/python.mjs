// SPDX-License-Identifier: MIT
// npm's way to the scripts: `node scripts/python.mjs FILE …` runs it with the Python that this system has, which is
// called python3, python or (on Windows) py.
import { spawnSync } from "node:child_process";

const windows = process.platform === "win32";
for (const name of windows ? ["py", "python", "python3"] : ["python3", "python"]) {
  const found = spawnSync(name, ["-c", ""], { stdio: "ignore" });
  if (found.error || found.status !== 0) continue;
  const done = spawnSync(name, process.argv.slice(2), { stdio: "inherit" });
  process.exit(done.status ?? 1);
}
console.error("No Python was found: install Python 3.11 or newer.");
process.exit(1);
