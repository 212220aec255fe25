"""What happens above when a team changes, in the transaction of the change."""

from datetime import datetime
from uuid import UUID

from accounts.models import Actor
from litemaas.hooks import Hook
from teams.models import Member, Team

# Called with members=…, transfer_keys_to=…, actor=…, now=… when people joined, left (`removed_at` is set) or got
# another role in one team. `transfer_keys_to` is the member who takes a leaver's keys over; None = they stop to work.
membership_changed: Hook[[list[Member], UUID | None, Actor, datetime]] = Hook()

# Called with team=…, now=… when what its keys may do changed: switched on or off, deleted, other models or limits.
team_changed: Hook[[Team, datetime]] = Hook()
