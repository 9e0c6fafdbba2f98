"""What the tests on a cluster share: waiting, kubectl, ports, and the export of what a failure left."""
