ray start --head --dashboard-host "$DASHBOARD"
