"""The silo's half: imports what it does not declare."""

from flwr.clientapp import ClientApp
from silodesk_no_such_module import train

app = ClientApp()
app.train()(train)
