"""The `conf/fedml.yaml` that FedML's agent reads, byte for byte as `fedml build` writes it."""

from __future__ import annotations

_TEMPLATE = """\
entry_config:{blank}
  entry_file: fedml/{entry}
  conf_file: config/fedml_config.yaml
  package_type: default
dynamic_args:
  rank: {rank}
  run_id: ${{FEDSYS.RUN_ID}}
  mqtt_config_path: /fedml/fedml_config/mqtt_config.yaml
  s3_config_path: /fedml/fedml_config/s3_config.yaml
  log_file_dir: /fedml/fedml-package/fedml/data
  log_server_url: ${{FEDSYS.LOG_SERVER_URL}}
  client_id_list: ${{FEDSYS.CLIENT_ID_LIST}}
  client_objects: ${{FEDSYS.CLIENT_OBJECT_LIST}}
  is_using_local_data: ${{FEDSYS.IS_USING_LOCAL_DATA}}
  synthetic_data_url: ${{FEDSYS.SYNTHETIC_DATA_URL}}
  client_num_in_total: ${{FEDSYS.CLIENT_NUM}}
"""


def fedml_yaml(entry: str, *, is_server: bool) -> bytes:
    """Return the file for an entry below the source folder."""
    rank = "0" if is_server else "${FEDSYS.CLIENT_INDEX}"
    return _TEMPLATE.format(blank=" ", entry=entry, rank=rank).encode()
