"""Vocabulary: which words of alert prose mean a kind of object, and which are not names."""

KINDS = {
    "pod": "Pod", "pods": "Pod", "po": "Pod",
    "deployment": "Deployment", "deployments": "Deployment", "deploy": "Deployment",
    "statefulset": "StatefulSet", "sts": "StatefulSet",
    "daemonset": "DaemonSet", "ds": "DaemonSet",
    "replicaset": "ReplicaSet", "rs": "ReplicaSet",
    "job": "Job", "cronjob": "CronJob",
    "hpa": "HorizontalPodAutoscaler", "horizontalpodautoscaler": "HorizontalPodAutoscaler",
    "pdb": "PodDisruptionBudget", "poddisruptionbudget": "PodDisruptionBudget",
    "pvc": "PersistentVolumeClaim", "volumeclaim": "PersistentVolumeClaim",
    "persistentvolumeclaim": "PersistentVolumeClaim",
    "pv": "PersistentVolume", "persistentvolume": "PersistentVolume",
    "resourcequota": "ResourceQuota", "quota": "ResourceQuota",
    "ingress": "Ingress", "ing": "Ingress",
    "service": "Service", "services": "Service", "svc": "Service",
    "namespace": "Namespace", "namespaces": "Namespace", "ns": "Namespace",
    "node": "Node", "nodes": "Node", "kubelet": "Node",
    "container": "Container", "containers": "Container",
    "app": "", "application": "", "workload": "", "microservice": "",
}  # fmt: skip
"""Words for kinds; an empty kind is a workload whose kind the word does not say."""

ABBREVIATIONS = frozenset({"po", "ds", "rs", "pv", "ing", "ns", "deploy", "sts", "svc"})
"""Kinds' short names, too short to mean a kind unless a sign follows: `deploy/NAME`, `ns: NAME`."""

PREPOSITIONS = frozenset({"on", "for", "of", "from", "by", "to", "at", "against", "affecting", "with"})

_VERBS = """
answering answers are became becomes broken can can't cannot crashed crashes crashing crashlooping
crashloops died does doesn't doing down dropping drops exceeded exceeding exceeds fail failed failing
fails flapping full gives giving goes had hanging hangs has have hits hung is isn't keeps lost missed
misses not pending reached reaching refused refuses refusing rejecting rejects remained remains reported
reports responding responds restarted restarting restarts returned returns running runs seems sending
sends serves serving shows slow started starts stays stopped stuck takes taking throwing throws timed
times timing unavailable unhealthy unreachable unresponsive uses waiting waits was went were won't
"""
VERBS = frozenset(_VERBS.split())
"""Words that follow the subject of a sentence."""

_NOT_NAMES = """
a abnormal about above across active after again alert alerting alerts all almost already also always an
and any anything api apis app application applications apps are array as at attach available average avg
back backend backlog backoff bad be because been before began begins behind being below between big budget
but by bytes can cannot capacity certificate certificates check checks claim claimed claims client clock
cluster clusters condition config configuration connection connections conntrack consumer container
containers continues controller core cores could count cpu crash crashed crashes crashing critical current
currently daemonset dashboard data database date days deadline degraded deploy deployment deployments
desired detail details device did disk disks dns do does doing down due during each elevated empty end
endpoint endpoints environment error errors event events every everyone everything exceeded exceeding
exception existent existing expected exporter fail failed failing fails failure failures fast filesystem
filling fired firing following for free frequently from full gateway generation get gets getting graceful
graph great group grpc had handler has have health healthy here high higher host hosts hour hours how hpa
http http2 https huge idle if image images in inc incident increased increasing info ingress inodes
instance instances interface internal into investigate io ip is issue issues it its job jobs keeps kernel
kubelet kubernetes lag last latency least less level likely limit limits link list lived load local log
logs long longer loop looping loops lots low lower many max maximum may mean memory mesh message messages
metric metrics might min minimum minute minutes missing module more most mount mounted ms much multiple
must namespace namespaces network new no nobody node nodes non none normal not nothing now null number of
off offline ok old on one only oom open or other our out over overloaded page panic partition pending
percent percentage performance persistent please pod pods pool possible predicted preemption probe problem
process processes progress prometheus pvc queue quota quotas rate rates ratio reached reaching read
readiness ready real reason reasons received receiving recovered red remaining replica replicas replicaset
report reported reporting reports request requests resource resources responding response responses
restart restarted restarting restarts returned returning returns rollout root rule rules run runbook
running runs sandbox saturated saturation schedulable scheduled scheduling scrape second seconds see seems
server servers service services several severity shall should shows since site size slow small some
someone something soon space spike sql ssl starting starts state statefulset stats status still stop
storage stuck successfully sudden suddenly summary sync system target targets task tasks tcp term
terminated terminating test than that the their them then there these they this those threshold throttled
throttling throughput time timeout timeouts times tls to too top total traffic triggered two type udp
unable unavailable under unhealthy unknown unreachable unready until up update upstream usage used user
users using utilisation utilization value very volume volumes wait waiting warning was we website were
what when where which while who why will with within without workload workloads would write yet you your
zone
"""
NOT_NAMES = frozenset(_NOT_NAMES.split()) | VERBS | PREPOSITIONS
"""Words that are never names, whatever is next to them."""

_PREFIXES = """
back crash end high in long low multi non not out over pre re read real roll short start time under up
"""
PREFIXES = frozenset(_PREFIXES.split())
"""First parts of hyphenated words that are not names if the rest is not one: out-of-memory, crash-looping."""
