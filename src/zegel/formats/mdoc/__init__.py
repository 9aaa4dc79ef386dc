"""ISO/IEC 18013-5 mdoc."""
