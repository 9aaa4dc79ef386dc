"""The register of relying parties and of those who issue: what is registered, who may change it, and what changed."""
