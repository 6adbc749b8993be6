"""For tests: OpenStack Swift with its S3 interface, whole, in one process, on free ports of 127.0.0.1. Parameters: folder, port, access key, secret key."""
import os
import sys

folder, port, access_key, secret_key = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]

import eventlet
from swift.common import utils

utils.eventlet_monkey_patch()

from eventlet import wsgi
from swift.common import storage_policy
from swift.common.ring import RingBuilder
from swift.common.wsgi import loadapp, SwiftHttpProtocol

utils.HASH_PATH_SUFFIX = b"kith"
utils.HASH_PATH_PREFIX = b"kith"
utils.SWIFT_CONF_FILE = os.path.join(folder, "swift.conf")

COMMON = """[DEFAULT]
swift_dir = {folder}
devices = {folder}
mount_check = false
bind_ip = 127.0.0.1
bind_port = {port}
log_level = ERROR
"""
SERVERS = {
    "account": "[pipeline:main]\npipeline = account-server\n[app:account-server]\nuse = egg:swift#account\n",
    "container": "[pipeline:main]\npipeline = container-server\n[app:container-server]\nuse = egg:swift#container\n",
    "object": "[pipeline:main]\npipeline = object-server\n[app:object-server]\nuse = egg:swift#object\ncontainer_update_timeout = 60\n",
    "proxy": """[pipeline:main]
pipeline = catch_errors cache s3api tempauth bulk proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
node_timeout = 60
recoverable_node_timeout = 60
conn_timeout = 20
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:9
[filter:bulk]
use = egg:swift#bulk
[filter:s3api]
use = egg:swift#s3api
s3_acl = false
location = us-east-1
[filter:tempauth]
use = egg:swift#tempauth
user_kith_{access} = {secret} .admin
""",
}

with open(utils.SWIFT_CONF_FILE, "w") as file:
    file.write("[swift-hash]\nswift_hash_path_suffix = kith\nswift_hash_path_prefix = kith\n[storage-policy:0]\nname = one\ndefault = yes\n")
storage_policy.reload_storage_policies()

sockets = {name: eventlet.listen(("127.0.0.1", port if name == "proxy" else 0)) for name in SERVERS}
os.makedirs(os.path.join(folder, "disk"), exist_ok=True)
for name in ("account", "container", "object"):
    path = os.path.join(folder, name + ".ring.gz")
    builder = RingBuilder(1, 1, 1)
    where = {"ip": "127.0.0.1", "port": sockets[name].getsockname()[1], "device": "disk"}
    builder.add_dev({"region": 1, "zone": 1, "weight": 1, **where})
    builder.rebalance()
    builder.get_ring().save(path)

pool = eventlet.GreenPool()
quiet = open(os.devnull, "w")
for name, text in SERVERS.items():
    path = os.path.join(folder, name + ".conf")
    with open(path, "w") as file:
        file.write((COMMON + text).format(folder=folder, port=sockets[name].getsockname()[1], access=access_key, secret=secret_key))
    app = loadapp(path, global_conf={"log_name": name})
    pool.spawn(
        wsgi.server, sockets[name], app, quiet, protocol=SwiftHttpProtocol, capitalize_response_headers=False
    )
print("S3 on port", sockets["proxy"].getsockname()[1], flush=True)
pool.waitall()
