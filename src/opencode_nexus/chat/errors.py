# SPDX-License-Identifier: MIT
"""What can go wrong in a conversation."""

from opencode_nexus.core.errors import BadRequest, Conflict, NexusError, NotFound


class SessionNotFound(NotFound):
    """There is no session with that id on that server."""

    code = "session-not-found"
    title = "There is no such session."
    hint = "It may have been deleted. Choose another one from the list."


class ServerNotRunning(Conflict):
    """What was asked needs a running OpenCode."""

    code = "server-not-running"
    title = "The server is not running."
    hint = "Start it from its page, then try again."


class ProjectUnknown(BadRequest):
    """The folder is none of the server's."""

    code = "project-unknown"
    title = "The server does not have that project folder."
    hint = "Choose one of its folders, or add this one to the server."


class MessageEmpty(BadRequest):
    """Nothing to send."""

    code = "message-empty"
    title = "The message is empty."
    hint = "Write something and send it again."


class NotWaiting(NotFound):
    """Nothing with this id waits."""

    code = "not-waiting"
    title = "That does not wait for an answer."
    hint = "It was answered already, or its turn has ended. Ask for the inbox again."


class SentUnknown(NotFound):
    """No message with this id stands there as not taken."""

    code = "sent-unknown"
    title = "That message does not wait to be sent again."
    hint = "It was sent again or dropped already, or OpenCode has it. Look into the chat."


class SessionsRunning(Conflict):
    """A change of the model settings would abort what runs."""

    code = "sessions-running"
    title = "Sessions are running, and OpenCode would abort them for this change."
    hint = "Wait until they are done, or stop them first."


class ProviderInvalid(BadRequest):
    """The provider cannot be kept as it was given."""

    code = "provider-invalid"
    title = "That provider cannot be used as it was entered."
    hint = "Check its name, its address and its models."


class ModelUnknown(BadRequest):
    """The message names a model that the server does not offer."""

    code = "model-unknown"
    title = "The server does not offer that model."
    hint = "The message was not sent. Choose a model of the list, or leave it out to take the default."


class AgentUnknown(BadRequest):
    """The message names an agent that the server does not have."""

    code = "agent-unknown"
    title = "The server does not have that agent."
    hint = "The message was not sent. Choose an agent of the list, or leave it out to take the default."


class CursorUnknown(BadRequest):
    """`before` is not what an earlier answer gave as `next`."""

    code = "cursor-unknown"
    title = "That is not a place in the list."
    hint = "Send what the answer before gave as `next`, or leave `before` out to begin with the newest."


class OwnServerUnknown(NotFound):
    """No own model server has that id."""

    code = "own-server-unknown"
    title = "There is no such model server."
    hint = "It may have been removed. Choose another one from the list."


class ProviderExists(Conflict):
    """OpenCode has a provider of that name already."""

    code = "provider-exists"
    title = "There is already a provider of that name."
    hint = "Choose another name. The one that is there stays as it is."


class MessageNotFound(NotFound):
    """The session has no message with that id."""

    code = "message-not-found"
    title = "That message is not in this chat any more."
    hint = "It was undone or deleted, or never was there. Look for it among the others."


class ChatDeleted(Conflict):
    """A person has deleted the chat, and it can still be brought back."""

    code = "chat-deleted"
    title = "This chat was deleted."
    hint = "Bring it back first: “Undo” in the chat, or “Recently deleted” below the list of chats."


class NotDeleted(NotFound):
    """There is nothing to bring back under that id."""

    code = "not-deleted"
    title = "That chat cannot be brought back."
    hint = "It was brought back already, or it has been deleted for good."


class NothingUndone(Conflict):
    """There is nothing to restore."""

    code = "nothing-undone"
    title = "Nothing is undone in this chat."
    hint = "It was restored already, or a new message has dropped it for good."


class NoModelToCompact(Conflict):
    """No model is known that could sum the session up."""

    code = "no-model-to-compact"
    title = "No model is known that could sum this chat up."
    hint = "Send a message first, or name a model."


class NotToDismiss(Conflict):
    """An agent waits for it, so it cannot be put away."""

    code = "not-to-dismiss"
    title = "An agent waits for an answer to that."
    hint = "Answer it, or reject it. Only what is over can be dismissed."


class RuleUnknown(NotFound):
    """No rule has that id."""

    code = "rule-unknown"
    title = "There is no such rule."
    hint = "It may have been removed. Ask for the list again."


class VariantUnknown(BadRequest):
    """The message names a variant that the model does not have."""

    code = "variant-unknown"
    title = "The model does not have that variant."
    hint = "The message was not sent. Choose a variant of the list, or leave it out to take the default."


class KeyReused(Conflict):
    """The key of a submit was used for another one."""

    code = "key-reused"
    title = "That key was used for another message."
    hint = "Nothing was sent. Make a new key for each message, and keep it only to send the same one again."


class QueuedUnknown(NotFound):
    """No message with this id waits for its turn."""

    code = "queued-unknown"
    title = "That message does not wait any more."
    hint = "It was sent or removed already. Look into the chat."


class AttachmentGone(NotFound):
    """A file of the message is no longer kept."""

    code = "attachment-gone"
    title = "A file of the message is not there any more."
    hint = "The message was not sent. Add the file again, or send the message without it."


class AttachmentKind(BadRequest):
    """The file is of a kind that no model reads."""

    code = "attachment-kind"
    title = "That kind of file cannot be sent."
    hint = "Pictures (PNG, JPEG, GIF, WebP), PDF and text in UTF-8 can. What a file is goes by its content."


class AttachmentTooLarge(BadRequest):
    """The file, or all of a message's together, are too large."""

    code = "attachment-too-large"
    title = "The file is too large."
    hint = "A file may have 10 MB, and all of a message 20 MB. For a larger one, name its place with @ instead."
    status = 413


class AttachmentsFull(Conflict):
    """Too much is kept for one person already."""

    code = "attachments-full"
    title = "Too many files wait in messages that were not sent."
    hint = "Send or remove some of them. What is not sent goes by itself after 7 days."


class SearchUnusable(NexusError):
    """The search index cannot be asked."""

    code = "search-unusable"
    title = "The search cannot be used right now."
    hint = "Try again in a moment. If it stays so, look at the log, and whether the disk is full."
    status = 503


class ImportInvalid(BadRequest):
    """The file is no session of OpenCode's."""

    code = "import-invalid"
    title = "That file holds no chat that OpenCode could take."
    hint = "Choose a JSON file that “Export” or `opencode export` has made."


class ImportTooLarge(BadRequest):
    """The file is larger than is taken."""

    code = "import-too-large"
    title = "That file is too large: at most 200 MB are taken."
    hint = "Import it with `opencode import FILE` on the machine itself."


class ImportExists(Conflict):
    """The session is there already."""

    code = "import-exists"
    title = "That chat is on this machine already."
    hint = "Open it from the list, or delete it first: then it can be imported again once it has gone for good."


class ImportFailed(NexusError):
    """OpenCode did not take the file."""

    code = "import-failed"
    title = "OpenCode did not take the file."
    hint = "It may come from another version of OpenCode. Its words say more."
    status = 502


class AtWork(Conflict):
    """The agent works already: there is nothing to go on with."""

    code = "at-work"
    title = "The agent is at work already."
    hint = "Wait until it is done, or write a message: it waits for its turn."
