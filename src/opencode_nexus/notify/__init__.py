# SPDX-License-Identifier: MIT
"""Telling a person who does not look at the page: web push to their browsers.

Glossary
    device        a browser that may be told, with what it wants to be told of and when (`store.push.DeviceRow`)
    endpoint      the address, at a push service of the browser's maker, that leads to one device
    push service  carries messages to a device that is asleep; it sees neither what they say nor whom they are about
    VAPID         the hub's own key, by which a push service knows that messages come from the one that was let in
    quiet hours   a span of the day in which a device is not told; what still waits at its end is told then
    notice        one thing to tell: its id, kind, title and text (`notice.Notice`)
"""
