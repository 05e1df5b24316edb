"""nginx, one worker, that answers a constant as long as our reply: about as cheap as a reply over HTTP can be."""

from bench.setup import Setup
from bench.tools import find
from bench.traffic import CONSTANT, constant

ABOUT = "nginx, a constant"
TRAFFIC = constant

CONFIG = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  server_tokens off;
  default_type application/json;
  keepalive_requests 1000000000;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port} backlog=2048;
    location = /predict_delay_probability {{ return 200 '{reply}'; }}
  }}
}}
"""


def command(setup: Setup) -> list[str]:
    config = setup.folder / "nginx.conf"
    config.write_text(CONFIG.format(folder=setup.folder, port=setup.port, reply=CONSTANT.decode()), encoding="utf-8")
    return [find("nginx"), "-p", str(setup.folder), "-e", "stderr", "-c", str(config)]
