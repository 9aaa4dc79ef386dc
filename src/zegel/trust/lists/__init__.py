"""Lists of trusted entities, ETSI TS 119 602 in JSON: built and signed, parsed and verified, turned into anchors."""
