"""Electronic health certificates: the EU Digital COVID Certificate and its kin, as their QR codes carry them."""
