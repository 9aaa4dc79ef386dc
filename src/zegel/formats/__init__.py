"""What a credential is: claims, types, status, and the two formats."""
