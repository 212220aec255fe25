"""Backups of the portal's database, and of the gateway's where it is configured (contract §17).

A backup is what `pg_dump` makes, compressed with gzip and sealed under the key ring, in a folder that all replicas share
(`store`). The folder is the book of record: a backup must be there when the database is not.
"""
