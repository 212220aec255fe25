"""Identity providers: OpenID Connect and OpenShift, on django-allauth's flows, with the checks that those leave out.

allauth 65 trusts an ID token's signature unseen because it came over TLS, sends no nonce, and lets the query string add
to the request that goes to the provider. Here the signature is verified against the provider's keys, a nonce binds the
token to this sign-in, and nothing of the query string gets into the request.
"""
