"""The simulated wires: pod addresses, the walk of a packet by each node's iptables, DNS. Pure; may import only `kube`.

`addresses.py` gives pods addresses, `dump.py` reads `iptables-save` text into the tables of `rules.py`, `packet.py` walks a
packet and its answer over them, `snapshot.py` makes the network a packet walks out of a cluster, `dns.py` resolves names.
Start with `packet.py`.
"""
