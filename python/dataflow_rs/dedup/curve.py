"""What a signature that is cut into bands finds: the S-curve."""

from __future__ import annotations

from dataclasses import dataclass

from dataflow_rs import _native
from dataflow_rs.exceptions import ParameterError


@dataclass(frozen=True)
class BandCurve:
    """A cut of a signature, and how likely it makes candidates of two texts.

    Args:
        bands: number of bands, b.
        rows: signature positions per band, r.
    """

    bands: int
    rows: int

    def probability(self, similarity: float) -> float:
        """Return the probability that two texts share a band: 1 - (1 - similarity^r)^b.

        Args:
            similarity: Jaccard similarity of their n-gram sets, from 0 to 1.
        """
        return _native.lsh_collision_probability(similarity, self.bands, self.rows)

    def table(self, step: float = 0.05) -> str:
        """Return the curve as text, a line per similarity with a bar of up to 40 characters.

        Args:
            step: distance of the similarities, from 0.01 to 0.5.

        Raises:
            ParameterError: step is out of range.

        Examples:
            >>> print(BandCurve(bands=13, rows=7).table(step=0.25))
            similarity  found
                  0.00  0.000
                  0.25  0.001
                  0.50  0.097  ####
                  0.75  0.845  ##################################
                  1.00  1.000  ########################################
        """
        if not 0.01 <= step <= 0.5:
            raise ParameterError(f"step={step} must lie between 0.01 and 0.5")
        lines = ["similarity  found"]
        for position in range(round(1 / step) + 1):
            similarity = min(1.0, position * step)
            found = self.probability(similarity)
            lines.append(f"{similarity:10.2f}  {found:.3f}  {'#' * round(40 * found)}".rstrip())
        return "\n".join(lines)


def band_curve(
    threshold: float = 0.8,
    *,
    num_perm: int = 128,
    bands: int | None = None,
    rows: int | None = None,
    recall: float = 0.95,
    verify: bool = True,
) -> BandCurve:
    """Return the cut that `MinHashDeduplicateFilter` uses with these parameters.

    Args:
        threshold: Jaccard similarity from which texts are duplicates, from 0 to 1.
        num_perm: length of a signature, from 2 to 4096.
        bands: number of bands; together with `rows`.
        rows: signature positions per band; together with `bands`.
        recall: share of duplicates exactly at the threshold that share a band, at least; from 0 to less than 1.
        verify: whether candidates are compared afterwards. Without it, the cut balances false positives and false
            negatives (as datasketch does) and `recall` is not used.

    Raises:
        ParameterError: a parameter is out of range, or bands x rows is more than `num_perm`.

    Examples:
        >>> band_curve(0.9)
        BandCurve(bands=10, rows=12)
        >>> band_curve(0.9, verify=False)
        BandCurve(bands=5, rows=25)
        >>> round(band_curve(0.9).probability(0.9), 3), round(band_curve(0.9, verify=False).probability(0.9), 3)
        (0.964, 0.311)
    """
    settings = _native.MinHashSettings(
        num_perm=num_perm, threshold=threshold, bands=bands, rows=rows, recall=recall, verify=verify
    )
    return BandCurve(settings.bands, settings.rows)
