"""Puts Microsoft's Phi models on the devices that people own: the command phiquant, with its own Java."""
