"""The embedded stack: PostgreSQL, Valkey, a simulated gateway, web, worker and beat from one command.

Nothing in here imports Django, so that the supervisor starts at once and can say what is wrong with the rest.
"""
