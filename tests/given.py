"""Types of the fixtures that are functions."""

from collections.abc import Callable

from django.test import Client
from rest_framework.test import APIClient

from annotator.models import Item, Project, Round, User

SignedIn = Callable[[User], Client]
Api = Callable[[User], APIClient]
Region = Callable[[str], dict[str, str]]
AddItems = Callable[..., list[Item]]
Fill = Callable[..., list[Item]]
Learn = Callable[[Project], Project]
RunRound = Callable[..., Round]
PutState = Callable[[Callable[[], Project]], Project]
