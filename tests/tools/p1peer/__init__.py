"""p1peer - an independent P1 peer for tests: X.411 MTS-APDUs over X.228 RTSE, by the standard library alone.

It shares no code with the gateway, so that the two do not make the same mistakes; its octets are held against captures of a real
MTA (tests/system/test_p1peer.py).  From below: ber (X.209), transport (RFC 1006, X.224 class 0), session (X.225), upper (X.226 and
X.227, normal mode and X.410 mode), rtse (the APDUs of X.228, the MTA-bind of X.411), peer (activities, turns, recovery, the faults
that tests ask for), capture (reads a pcap), settings (the command line).
"""
