"""Trying models out with one's own key, which never leaves the server (contract §20)."""
