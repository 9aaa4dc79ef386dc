"""What a relying party or a provider has registered, as its registration certificate says it (ETSI TS 119 475)."""
