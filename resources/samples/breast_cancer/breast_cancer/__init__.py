"""Tell malignant from benign breast tumours, learned in several hospitals."""
