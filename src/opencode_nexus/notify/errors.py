# SPDX-License-Identifier: MIT
"""What can go wrong with notifications."""

from opencode_nexus.core.errors import BadRequest, NexusError, NotFound


class DeviceUnusable(BadRequest):
    """What a browser gave of itself cannot be used to tell it anything."""

    code = "push-device-unusable"
    title = "This browser cannot be told by what it gave."
    hint = "Reload the page and switch notifications on again. Another browser may do."


class DeviceUnknown(NotFound):
    """The device is not one of this account's, or no longer."""

    code = "push-device-unknown"
    title = "There is no such device to be told."
    hint = "Look at the list of devices again; it may have been removed meanwhile."


class PushFailed(NexusError):
    """The push service did not take a message."""

    code = "push-failed"
    title = "The browser's push service did not take the message."
    hint = "Try again later. If it stays so, switch notifications off and on again on that device."
    status = 502
