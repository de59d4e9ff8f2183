"""Loads a file as AWS's sample csv-to-dynamodb does: csv.DictReader and boto3's batch_writer.

The sample is that of "Implementing bulk CSV ingestion to Amazon DynamoDB" (AWS Database Blog). Each row is one
unconditional put: it does not validate, two members may get one phone number, a row replaces the earlier one with
its id, and no report is made. It writes one item a row. Rollcall writes two, and an entry of the index by name.
"""

import csv
from collections.abc import Callable
from pathlib import Path

import boto3


def work(path: str, table_name: str) -> Callable[[], None]:
    """Returns work that loads a file into a new table."""
    table = boto3.resource("dynamodb").create_table(
        TableName=table_name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": "S"} for name in ("account_id", "client_member_id")
        ],
        KeySchema=[
            {"AttributeName": "account_id", "KeyType": "HASH"},
            {"AttributeName": "client_member_id", "KeyType": "RANGE"},
        ],
    )

    def load() -> None:
        with Path(path).open(encoding="utf-8", newline="") as file, table.batch_writer() as batch:
            for row in csv.DictReader(file):
                batch.put_item(Item=row)

    return load
