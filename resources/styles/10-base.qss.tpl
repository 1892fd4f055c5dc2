* { outline: 0; }
QWidget { color: $text; }
QMainWindow, QWidget#window, QWidget#canvas { background: $canvas; }
QWidget#nav { background: $nav; border-right: 1px solid $border; }
QWidget#topbar { background: $canvas; border-bottom: 1px solid $border; }
QFrame#card { background: $surface; border: 1px solid $border; border-radius: 10px; }
QFrame#card[chosen="true"] { border: 1px solid $focus; }
QFrame#inset { background: $raised; border: 1px solid $border; border-radius: 8px; }
QFrame#code { background: $code_bg; border: 1px solid $border; border-radius: 8px; }
QFrame#dialog { background: $surface; border: 1px solid $border_strong; border-radius: 12px; }
QFrame#dialogfoot { background: $raised; border: 0; border-top: 1px solid $border; border-bottom-left-radius: 11px; border-bottom-right-radius: 11px; }
QFrame#toast { background: $surface; border: 1px solid $border_strong; border-radius: 12px; }
QFrame#line { background: $border; border: 0; }
QLabel { background: transparent; }
QLabel[tok="text"] { color: $text; }
QLabel[tok="muted"] { color: $muted; }
QLabel[tok="faint"] { color: $faint; }
QLabel[tok="disabled"] { color: $disabled; }
QLabel[tok="accent_text"] { color: $accent_text; }
QLabel[tok="on_accent"] { color: $on_accent; }
QLabel[tok="ok"] { color: $ok; }
QLabel[tok="info"] { color: $info; }
QLabel[tok="warn"] { color: $warn; }
QLabel[tok="danger"] { color: $danger; }
QLabel[tok="violet"] { color: $violet; }
QLabel[tok="cyan"] { color: $cyan; }
QLabel[tok="orange"] { color: $orange; }
QLabel[tok="pink"] { color: $pink; }
QLabel[tok="gray"] { color: $gray; }
QLabel:disabled { color: $disabled; }
QToolTip { background: $raised; color: $text; border: 1px solid $border_strong; padding: 6px 8px; }
QMenu { background: $surface; border: 1px solid $border_strong; border-radius: 8px; padding: 6px; }
QMenu::item { padding: 7px 18px 7px 8px; border-radius: 5px; color: $text; margin: 0; }
QMenu::item:selected { background: $selected; }
QMenu::item:disabled { color: $faint; background: transparent; }
QMenu::icon { padding-left: 8px; }
QMenu::separator { height: 1px; background: $border; margin: 6px 4px; }
QSplitter::handle { background: $border; }
QSplitter#quiet::handle { background: transparent; }
