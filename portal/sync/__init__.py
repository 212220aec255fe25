"""What operators do about portal and gateway: compare, repair, adopt, ignore, retry, drop. For API and admin."""
