"""The examination of a deployment: what a wallet would stumble over, found before the first wallet comes."""
