"""The baselines of Table II: one folder a tracker."""
