"""The certificate authority: profiles, certificates, CRLs, OCSP, time-stamping."""
