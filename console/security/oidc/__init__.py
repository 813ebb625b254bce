"""Signs people in by OpenID Connect: the authorization code flow with PKCE, state and nonce."""
