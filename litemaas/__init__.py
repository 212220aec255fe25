"""The plumbing under every app: settings, errors, API and portal parts, the embedded stack."""
