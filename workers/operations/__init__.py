"""Operations: their coordinator, and what each of them makes of its points."""
