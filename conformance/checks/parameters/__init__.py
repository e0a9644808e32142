"""What the profile claims of each parameter: taken, with its effect; refused, ignored or cut where it says so."""
