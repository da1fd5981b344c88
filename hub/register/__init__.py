"""Who is in force today: landlords, agencies, agreements, consents. Standing lists that decisions draw facts from."""
