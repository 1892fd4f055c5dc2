"""The silo's half: never reached."""

from flwr.clientapp import ClientApp

app = ClientApp()
