"""Trusted lists in XML, ETSI TS 119 612: the list of the lists with its pivots, and those of the Member States."""
