"""A real OpenID provider for the tests of sign-in: `oidc-provider` of npm, run by Node.js beside the tests."""
