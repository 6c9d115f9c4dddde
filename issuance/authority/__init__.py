"""The authority at its counter: enrolment, suspension and revocation as acts of people, and EST."""
