QPushButton { border: 1px solid $border_strong; border-radius: 6px; padding: 0 12px; min-height: 30px; background: $button; color: $text; }
QPushButton:hover { background: $hover; }
QPushButton:pressed { background: $border; }
QPushButton:focus { border: 2px solid $focus; padding: 0 11px; min-height: 28px; }
QPushButton:disabled { color: $disabled; border-color: $border; background: $raised; }
QPushButton[kind="primary"] { background: $accent; border: 1px solid $accent; color: $on_accent; }
QPushButton[kind="primary"]:hover { background: $accent_hover; }
QPushButton[kind="primary"]:pressed { background: $accent_press; }
QPushButton[kind="primary"]:focus { border: 2px solid $focus; }
QPushButton[kind="primary"]:disabled { background: $raised; border: 1px solid $border; color: $disabled; }
QPushButton[kind="danger"] { background: $danger_fill; border: 1px solid $danger_fill; color: #FFFFFF; }
QPushButton[kind="danger"]:hover { background: $danger_fill_hover; }
QPushButton[kind="danger"]:focus { border: 2px solid $focus; }
QPushButton[kind="danger"]:disabled { background: $raised; border: 1px solid $border; color: $disabled; }
QPushButton[kind="dangerline"] { color: $danger; }
QPushButton[kind="dangerline"]:disabled { color: $disabled; }
QPushButton[kind="ghost"] { background: transparent; border: 1px solid transparent; color: $muted; }
QPushButton[kind="ghost"]:hover { background: $hover; color: $text; }
QPushButton[kind="ghost"]:focus { border: 2px solid $focus; }
QPushButton[kind="ghost"]:disabled { color: $disabled; }
QPushButton[kind="link"] { background: transparent; border: 1px solid transparent; border-radius: 4px; color: $accent_text; padding: 0 1px; min-height: 18px; text-align: left; }
QPushButton[kind="link"]:hover { text-decoration: underline; }
QPushButton[kind="link"]:focus { border: 1px solid $focus; }
QPushButton[kind="link"]:disabled { color: $disabled; }
QPushButton[sz="sm"] { min-height: 24px; padding: 0 10px; }
QPushButton[sz="sm"]:focus { min-height: 22px; padding: 0 9px; }
QPushButton[kind="link"][sz="sm"] { padding: 0 1px; min-height: 18px; }
QPushButton[kind="link"][sz="sm"]:focus { padding: 0 1px; min-height: 18px; }
QPushButton[square="true"] { padding: 0; min-width: 30px; max-width: 30px; }
QPushButton[square="true"]:focus { padding: 0; min-width: 28px; max-width: 28px; }
QPushButton[square="true"][sz="sm"] { min-width: 24px; max-width: 24px; }
QPushButton[square="true"][sz="sm"]:focus { min-width: 22px; max-width: 22px; }
QPushButton::menu-indicator { image: none; width: 0; }
QPushButton[kind="segment"] { background: transparent; border: 0; border-radius: 5px; color: $muted; padding: 0 12px; min-height: 26px; }
QPushButton[kind="segment"]:hover { color: $text; }
QPushButton[kind="segment"]:checked { background: $segment_on; color: $text; }
QPushButton[kind="segment"]:focus { border: 1px solid $focus; padding: 0 11px; min-height: 24px; }
QPushButton[kind="segment"]:disabled { background: transparent; color: $disabled; }
QFrame#segmented { background: $segment; border: 1px solid $border; border-radius: 7px; }
QPushButton[kind="chip"] { background: transparent; border: 1px solid $border_strong; border-radius: 14px; color: $faint; padding: 0 11px; min-height: 26px; }
QPushButton[kind="chip"]:hover { color: $text; }
QPushButton[kind="chip"]:checked { background: $raised; border: 1px solid $control; color: $text; }
QPushButton[kind="chip"]:focus { border: 1px solid $focus; padding: 0 11px; min-height: 26px; }
QLineEdit, QComboBox, QSpinBox, QDoubleSpinBox, QPlainTextEdit { background: $input; border: 1px solid $control; border-radius: 6px; min-height: 30px; padding: 0 10px; color: $text; selection-background-color: $accent; selection-color: $on_accent; }
QPlainTextEdit { padding: 6px 8px; }
QLineEdit[soft="true"], QComboBox[soft="true"] { border: 1px solid $border_strong; }
QLineEdit:focus, QComboBox:focus, QSpinBox:focus, QDoubleSpinBox:focus { border: 2px solid $focus; padding: 0 9px; min-height: 28px; }
QPlainTextEdit:focus { border: 2px solid $focus; padding: 5px 7px; }
QLineEdit[invalid="true"], QComboBox[invalid="true"], QSpinBox[invalid="true"], QPlainTextEdit[invalid="true"] { border: 1px solid $danger; }
QLineEdit[invalid="true"]:focus, QComboBox[invalid="true"]:focus { border: 2px solid $danger; }
QLineEdit:disabled, QComboBox:disabled, QSpinBox:disabled { color: $disabled; border: 1px solid $border; }
QLineEdit[readOnly="true"] { color: $muted; border: 1px solid $border; }
QSpinBox, QDoubleSpinBox { padding: 0; }
QSpinBox:focus, QDoubleSpinBox:focus { padding: 0; }
QSpinBox QLineEdit, QDoubleSpinBox QLineEdit { border: 0; background: transparent; min-height: 0; padding: 0 8px; }
QSpinBox QLineEdit:focus, QDoubleSpinBox QLineEdit:focus { border: 0; min-height: 0; padding: 0 8px; }
QComboBox::drop-down { border: 0; width: 26px; }
QComboBox::down-arrow { image: url("$chevron_down"); width: 14px; height: 14px; }
QComboBox QAbstractItemView { background: $surface; border: 1px solid $border_strong; border-radius: 8px; padding: 4px; selection-background-color: $selected; selection-color: $text; }
QComboBox QAbstractItemView::item { min-height: 28px; padding: 0 8px; border-radius: 5px; }
QComboBox QAbstractItemView::item:selected { background: $selected; color: $text; }
QSpinBox::up-button, QSpinBox::down-button, QDoubleSpinBox::up-button, QDoubleSpinBox::down-button { border: 0; width: 20px; background: transparent; }
QSpinBox::up-arrow, QDoubleSpinBox::up-arrow { image: url("$chevron_up"); width: 10px; height: 10px; }
QSpinBox::down-arrow, QDoubleSpinBox::down-arrow { image: url("$chevron_down"); width: 10px; height: 10px; }
QCheckBox, QRadioButton { spacing: 8px; background: transparent; }
QCheckBox::indicator { width: 16px; height: 16px; border: 1px solid $control; border-radius: 4px; background: $input; }
QCheckBox::indicator:focus, QRadioButton::indicator:focus { border: 1px solid $focus; }
QCheckBox::indicator:checked { background: $accent; border: 1px solid $accent; image: url("$tick"); }
QCheckBox::indicator:checked:focus { border: 1px solid $focus; }
QCheckBox::indicator:indeterminate { background: $accent; border: 1px solid $accent; image: url("$dash"); }
QCheckBox::indicator:disabled { border: 1px solid $border_strong; background: $raised; }
QRadioButton::indicator { width: 16px; height: 16px; border: 1px solid $control; border-radius: 8px; background: $input; }
QRadioButton::indicator:checked { border: 5px solid $accent; width: 8px; height: 8px; background: #FFFFFF; border-radius: 9px; }
QSlider { min-height: 20px; max-height: 20px; }
QSlider::groove:horizontal { height: 4px; background: $border_strong; border-radius: 2px; }
QSlider::sub-page:horizontal { background: $accent; border-radius: 2px; }
QSlider::handle:horizontal { background: #FFFFFF; border: 1px solid $control; width: 14px; height: 14px; margin: -6px 0; border-radius: 8px; }
QPlainTextEdit[code="true"] { background: $code_bg; border: 1px solid $border; border-radius: 8px; padding: 6px 0 6px 0; }
QPlainTextEdit[code="true"]:focus { border: 1px solid $focus; padding: 6px 0 6px 0; }
QLineEdit[mono="true"] { font-family: "JetBrains Mono"; font-size: 12px; }
