"""Checks one folder of results against the receipt in it."""

from __future__ import annotations

from dataclasses import dataclass

from sluice import keys
from sluice.errors import MalformedMessageError
from sluice.operate.errors import OperationError
from sluice.operate.verifying.folders import Folder
from sluice.receipts.comparing import Comparison, compare
from sluice.receipts.receipt import Receipt, parse_receipt


class ReceiptMissingError(OperationError):
    """There is no receipt of the run: it has not succeeded, or another run has replaced the receipt."""


@dataclass(frozen=True, slots=True)
class Verified:
    """A folder, its receipt, and how they agree."""

    address: str
    receipt: Receipt
    comparison: Comparison


def verify(folder: Folder, run_id: str | None = None) -> Verified:
    """Compare a folder with its receipt, which must be that of the run ``run_id``, if one is given.

    Raises ReceiptMissingError for a folder without it, and OperationError for a file that is no receipt.
    """
    text = folder.read(keys.RECEIPT)
    if text is None:
        raise ReceiptMissingError(
            f"Expected {keys.RECEIPT} in {folder.address}, found none. A run writes it last, when it has"
            " succeeded: `sluice show` says how far it is."
        )
    try:
        receipt = parse_receipt(text, f"{folder.address} ({keys.RECEIPT})")
    except MalformedMessageError as error:
        raise OperationError(str(error)) from error
    if run_id is not None and receipt.run != run_id:
        raise ReceiptMissingError(
            f"Expected the receipt of {run_id} in {folder.address}, found that of {receipt.run}, which"
            " publishes under the same key and ended later. Check that one instead."
        )
    return Verified(folder.address, receipt, compare(receipt, folder.sizes(), folder.digests))
