QTableView, QTreeView, QListView { background: transparent; border: 0; gridline-color: transparent; selection-background-color: $selected; selection-color: $text; alternate-background-color: transparent; }
QTreeView::item { min-height: 26px; border: 0; }
QTreeView::item:hover { background: $raised; }
QTreeView::item:selected { background: $selected; color: $text; }
QTreeView::branch { background: transparent; border-image: none; image: none; }
QHeaderView { background: transparent; border: 0; }
QHeaderView::section { background: transparent; color: $faint; border: 0; border-bottom: 1px solid $border; padding: 0 12px; }
QTableCornerButton::section { background: transparent; border: 0; }
QScrollArea, QScrollArea > QWidget > QWidget#scrolled { background: transparent; border: 0; }
QAbstractScrollArea::corner { background: transparent; border: 0; }
QScrollBar:vertical { background: transparent; width: 10px; margin: 2px; }
QScrollBar::handle:vertical { background: $border_strong; border-radius: 3px; min-height: 32px; }
QScrollBar::handle:vertical:hover { background: $control; }
QScrollBar:horizontal { background: transparent; height: 10px; margin: 2px; }
QScrollBar::handle:horizontal { background: $border_strong; border-radius: 3px; min-width: 32px; }
QScrollBar::handle:horizontal:hover { background: $control; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
QTabBar { background: transparent; border: 0; border-bottom: 1px solid $border; qproperty-drawBase: 0; }
QTabBar::tab { background: transparent; border: 0; border-bottom: 2px solid transparent; color: $muted; padding: 0 0 0 0; margin: 0 24px 0 0; height: 37px; }
QTabBar::tab:hover { color: $text; }
QTabBar::tab:selected { color: $text; border-bottom: 2px solid $accent_text; }
QTabBar::tab:focus { color: $accent_text; }
QTabBar::tab:disabled { color: $disabled; }
QFrame#popover { background: $surface; border: 1px solid $border_strong; border-radius: 10px; }
QLineEdit#paletteline { border: 0; background: transparent; padding: 0 8px; }
QLineEdit#paletteline:focus { border: 0; background: transparent; padding: 0 8px; min-height: 30px; }
QBalloonTip QLabel { color: #141922; }
QBalloonTip QPushButton { min-height: 16px; padding: 0; background: transparent; border: 0; }
QFrame#drawer { background: $surface; border: 0; border-left: 1px solid $border_strong; }
