"""OpenID Connect Core 1.0: the provider through which ordinary services accept wallets."""
