"""How a recipe is measured beyond a split: over weeks, with a choice before each month, and how sure it is."""
