"""Who may issue, ask and hold: anchors, lists of trusted entities, access certificates, wallet attestations."""
