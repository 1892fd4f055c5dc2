"""Fill resources/i18n from the sources and compile it (Qt Linguist's formats).

    python tests/tools/i18n_extract.py              add what is new, drop what is gone, compile
    python tests/tools/i18n_extract.py --check      say what is missing or stale; change nothing
    python tests/tools/i18n_extract.py --missing    print what has no translation yet, as JSON
    python tests/tools/i18n_extract.py --take FILE  take translations over from {"text": "译文"}

Glossary of zh_CN, one word per concept as in CONTRIBUTING.md:
account 账户, agent 代理, aggregator 聚合方, application 应用, approval 审批, silo 站点, site 站点,
hub 中枢, broker 消息代理, store 存储, device 设备, edge id 边缘编号, group 群组, member 成员,
invitation 邀请, project 项目, package 程序包, fingerprint 指纹, run 运行, job 作业, round 轮次,
epoch 批次, stage 阶段, quorum 法定数, deadline 期限, parameter 参数, metric 指标, curve 曲线,
model 模型, dataset 数据集, log line 日志行, role 角色, operator 操作员, house rules 本站规则,
sandbox 沙箱, receipt 回执, standing approval 长期审批, egress 外发流量, heartbeat 心跳,
collaborator 协作者, coordinator 协调方, sign in 登录, bind 绑定, revoke 撤销, refuse 拒绝.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tools.i18n_sources import ROOT, faults_of, window_texts, wire_texts

FOLDER = ROOT / "resources" / "i18n"
TS = FOLDER / "silodesk_zh_CN.ts"
QM = TS.with_suffix(".qm")
WIRE = FOLDER / "wire.txt"
WINDOW, AGENT = "SiloDesk", "Wire"
PLACE = re.compile(r"\{[^{}]*\}")

Catalog = dict[str, dict[str, str]]  # context, text, translation ("" where there is none yet)


def read(path: Path = TS) -> Catalog:
    """Return the translations of a .ts file."""
    found: Catalog = {WINDOW: {}, AGENT: {}}
    if path.is_file():
        for context in ET.parse(path).getroot().iter("context"):
            messages = found.setdefault(context.findtext("name") or "", {})
            for message in context.iter("message"):
                messages[message.findtext("source") or ""] = message.findtext("translation") or ""
    return found


def merged(catalog: Catalog, sources: Mapping[str, Mapping[str, object]]) -> Catalog:
    """Return a catalog of exactly the texts in the sources, sorted."""
    return {
        context: {text: catalog.get(context, {}).get(text, "") for text in sorted(texts)}
        for context, texts in sources.items()
    }


def written(catalog: Catalog) -> str:
    """Return a catalog as the text of a .ts file."""
    root = ET.Element("TS", version="2.1", language="zh_CN", sourcelanguage="en")
    for name, messages in catalog.items():
        context = ET.SubElement(root, "context")
        ET.SubElement(context, "name").text = name
        for text, translation in messages.items():
            message = ET.SubElement(context, "message")
            ET.SubElement(message, "source").text = text
            made = ET.SubElement(message, "translation")
            made.text = translation
            if not translation:
                made.set("type", "unfinished")
    ET.indent(root, "    ")
    head = '<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE TS>\n'
    return head + ET.tostring(root, encoding="unicode") + "\n"


def compile_to(target: Path) -> None:
    """Compile the catalog by Qt's lrelease."""
    tool = Path(sys.executable).with_name("pyside6-lrelease")
    subprocess.run([tool, "-silent", TS, "-qm", target], check=True, timeout=60)


def sources() -> dict[str, dict[str, list[str]]]:
    """Return every text to translate, by context."""
    return {WINDOW: window_texts(), AGENT: wire_texts()}


def wire_lines(catalog: Catalog) -> str:
    """Return the templates the window knows: those that have a translation."""
    texts = (text.replace("\n", "\\n") for text, said in catalog[AGENT].items() if said)
    return "".join(f"{text}\n" for text in texts)


def faults(catalog: Catalog, wanted: Mapping[str, Mapping[str, object]]) -> list[str]:
    """Return what is wrong with a catalog: missing, unused, other values, texts never found."""
    found = []
    for context, texts in wanted.items():
        known = catalog.get(context, {})
        found += [f"no translation: {text!r}" for text in texts if not known.get(text)]
        found += [f"not used any more: {text!r}" for text in known if text not in texts]
        for text, translation in known.items():
            if translation and sorted(PLACE.findall(text)) != sorted(PLACE.findall(translation)):
                found.append(f"other values: {text!r} and {translation!r}")
    for path in sorted((ROOT / "app").rglob("*.py")):
        for call, line in faults_of(path.read_text("utf-8")):
            found.append(f"{path.relative_to(ROOT)}:{line}: no literal text: {call[:90]}")
    return found


def main() -> int:
    """Do what the arguments say; return 1 where something is missing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--missing", action="store_true")
    parser.add_argument("--take", type=Path)
    given = parser.parse_args()
    wanted, kept = sources(), read()
    if given.take:
        new = json.loads(given.take.read_text("utf-8"))
        for messages in kept.values():
            messages.update({text: new[text] for text in messages if new.get(text)})
        for context, texts in wanted.items():
            kept[context].update({text: new[text] for text in texts if new.get(text)})
    catalog = merged(kept, wanted)
    if given.missing:
        missing = {c: [t for t, said in m.items() if not said] for c, m in catalog.items()}
        print(json.dumps(missing, ensure_ascii=False, indent=0))
        return 0
    if not given.check:
        FOLDER.mkdir(exist_ok=True)
        TS.write_text(written(catalog), "utf-8")
        WIRE.write_text(wire_lines(catalog), "utf-8")
        compile_to(QM)
    found = faults(kept if given.check else catalog, wanted)
    print("\n".join(found if given.check else found[:5]))
    counts = {context: (sum(map(bool, m.values())), len(m)) for context, m in catalog.items()}
    print(", ".join(f"{context}: {done} of {all_}" for context, (done, all_) in counts.items()))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
