"""nginx as a plain reverse proxy: what forwarding bytes costs at least. It reads no request and counts no token."""

from __future__ import annotations

import os

from peers.base import Peer, Place, Start
from peers.install import debian_program, printed_version

SETTINGS = """\
{user}
daemon off;
worker_processes 1;
worker_rlimit_nofile 16384;
pid {folder}/pid;
error_log {folder}/error.log;
events {{ worker_connections 8192; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  client_max_body_size 50m;
  client_body_buffer_size 1m;
  keepalive_requests 100000000;
  upstream mock {{ server 127.0.0.1:{upstream}; keepalive 256; keepalive_requests 100000000; }}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{
      proxy_pass http://mock;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
    }}
  }}
}}
"""


class Nginx(Peer):
    """One worker, connections to the upstream kept, answers passed on as they arrive."""

    name = "nginx"
    product = "nginx, plain proxy"
    ready = "/v1/models"

    def install(self) -> str:
        return printed_version([debian_program("nginx"), "-v"])

    def start(self, place: Place) -> Start:
        path = place.folder / "nginx.conf"
        user = "user root;" if os.geteuid() == 0 else ""
        text = SETTINGS.format(user=user, folder=place.folder, port=place.port, upstream=place.upstream)
        path.write_text(text, encoding="utf-8")
        return Start(
            [debian_program("nginx"), "-c", str(path), "-p", str(place.folder), "-e", str(place.folder / "error.log")]
        )
