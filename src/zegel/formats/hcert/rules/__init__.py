"""Business rules of the Digital COVID Certificate: what a country asks of a certificate, in CertLogic."""
